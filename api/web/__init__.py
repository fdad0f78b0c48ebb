"""What all routes share: parameters, problems, headers, the page's files."""
