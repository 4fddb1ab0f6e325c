"""Small forms that pages are made of."""
