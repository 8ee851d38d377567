select searches.*
from {{ source('core', 'searches') }} as searches
