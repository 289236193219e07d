"""What we and they wrote down: requests, notifications, polls, statements, as typed tables; rejects."""
