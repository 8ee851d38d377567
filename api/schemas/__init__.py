"""What goes over the wire, one file per noun. Fields are added, never renamed or removed, within a major version."""
