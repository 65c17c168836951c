"""DQN-style algorithms: one claim a file."""
