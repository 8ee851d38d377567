{{ published_facts('photo_contents') }}
