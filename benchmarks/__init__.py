"""What Roadmate costs, measured side by side with what it is compared to; prints ratios, judges nothing."""
