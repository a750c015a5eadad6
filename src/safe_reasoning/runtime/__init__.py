"""What a run needs around it: container images, GPU leases, the run lock."""
