"""Web chat and guest portal: widgets, visitors, what they write and read, who vouches for them, links to a stay."""
