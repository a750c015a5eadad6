"""The one file to publish: what may leave the machine, its metadata, its contents."""
