"""Scripts that write what the house keeps of others' data."""
