select person_facts.*
from {{ source('core', 'person_facts') }} as person_facts
