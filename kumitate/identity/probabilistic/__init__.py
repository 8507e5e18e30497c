"""Records that are alike though no value is equal: a Fellegi-Sunter model, its training, weights and reasons."""
