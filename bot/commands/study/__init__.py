"""What was studied: steps done or left out, and the daily answer."""
