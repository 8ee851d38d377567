{{ shown_rows('stacks') }}
