"""The importer's leads: to which dealer each goes, until when, and what became of it."""
