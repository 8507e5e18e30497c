"""Building what is deployed: bundles for Lambda and archives for Glue, from the locks."""
