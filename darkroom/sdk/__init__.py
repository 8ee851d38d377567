"""What plugin authors import: protocols of tasks and stores, and the rows they exchange. Built-ins use them too."""
