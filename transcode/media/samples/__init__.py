"""Planes, samples of sound, coefficients and colours as numbers: what all media are made of."""
