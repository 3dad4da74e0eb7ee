"""``framewire demo --phone``: what a phone needs to show its camera to the demo.

Browsers allow camera access only over HTTPS, and a phone trusts no certificate of this machine's
until its owner says so. :mod:`~framewire.phone.certificates` makes one that is worth trusting:
its authority can speak for private addresses only. :mod:`~framewire.phone.guide` is a page that
hands it to the phone and says what to tap.
"""
