"""What samples become, wherever they come from: vectors, images or categories, with what is worth knowing of them."""
