"""The tutorials of docs/: what their readers bring along, and every command run."""
