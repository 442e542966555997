"""Training of the reader: examples, mixtures, the loss, the loop, and the calibration of its confidence."""
