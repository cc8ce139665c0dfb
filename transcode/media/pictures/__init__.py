"""Still pictures and animations: decoding, conversion to sRGB, and encoding."""
