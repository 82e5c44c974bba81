"""What credit costs: schedules exact to the minor unit, and the yearly rate they amount to."""
