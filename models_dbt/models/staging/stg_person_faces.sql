{{ shown_rows('person_faces') }}
