"""What the clinic costs: speed, memory and bytes, measured on the real server."""
