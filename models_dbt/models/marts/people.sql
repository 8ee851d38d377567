with faces as (
    select * from {{ ref('stg_person_faces') }}
    where person_id is not null
),

photos as (
    select
        photo_id,
        taken_local,
        taken_day
    from {{ ref('photos_wide') }}
),

described as (
    select * from {{ ref('int_people_described') }}
)

select
    faces.person_id,
    faces.library_id,
    any_value(described.name) as name,
    coalesce(bool_or(described.is_hidden), false) as is_hidden,
    count(*) as faces,
    count(distinct faces.photo_id) as photos,
    count(*) filter (where faces.confirmed) as faces_confirmed,
    min(photos.taken_local) as first_seen,
    max(photos.taken_local) as last_seen,
    count(distinct photos.taken_day) as days_seen,
    avg(faces.distance)::double as mean_distance,
    max(faces.generation) as generation
from faces
inner join photos on faces.photo_id = photos.photo_id
left join described on faces.person_id = described.person_id
group by faces.person_id, faces.library_id
