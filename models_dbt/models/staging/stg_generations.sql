select generations.*
from {{ source('core', 'generations') }} as generations
