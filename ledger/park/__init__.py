"""The park's view, read side only: inventory without double counting, warnings."""
