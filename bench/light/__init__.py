"""Is it light? What the pages cost on a slow network and a slow phone, against budgets that fail."""
