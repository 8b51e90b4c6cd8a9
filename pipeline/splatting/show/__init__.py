"""Ways to show a splat: renders, turntables, the viewer page."""
