"""The state database: the truth of control and of people, and the serving tables the API reads. One file per noun."""
