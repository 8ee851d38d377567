{{ published_facts('photo_files') }}
