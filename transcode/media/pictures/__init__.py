"""Still pictures and animations, read, brought to sRGB and written."""
