"""What users of other projects would write to serve the demo model, one file each.

They run in an environment of their own (``requirements.txt``) and know nothing of Framewire.
"""
