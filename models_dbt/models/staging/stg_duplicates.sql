{{ shown_rows('duplicates') }}
