"""The operator's side: backup and restore, checks of the clinic's health, and the commands of `flask`."""
