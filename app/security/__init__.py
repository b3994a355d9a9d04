"""Who may talk to the server: hosts, origins, sizes, and the one guard that asks for a name and a password."""
