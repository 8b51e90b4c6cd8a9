"""Write the first shoot.yaml for a folder of photos."""
