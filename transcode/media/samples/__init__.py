"""Sample data that all media share: planes, PCM, DCT coefficients and colour spaces."""
