//! Fast CPU operators for training generative adversarial networks with Burn.
