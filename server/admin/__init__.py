"""The admin listener: figures for the dashboard, and what an operator may do."""
