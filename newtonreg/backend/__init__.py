"""The only code that may know which array library it runs on."""
