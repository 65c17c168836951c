"""What is often said and false as it stands: one claim a file, whose check is expected to be refuted."""
