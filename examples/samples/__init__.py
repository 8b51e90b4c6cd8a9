"""The sample collection's products, modelled and photographed in code."""
