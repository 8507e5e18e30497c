"""The shape of a project's files: sections, their loader, their JSON Schema."""
