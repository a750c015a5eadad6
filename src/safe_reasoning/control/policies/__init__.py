"""One file per kind of policy: its settings, its `KIND`, and `open` that makes the policy."""
