select
    person_id,
    faces,
    photos
from {{ ref('people') }}
where faces <> photos
