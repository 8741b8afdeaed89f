SELECT 'one other thing', "another" FROM other.t;
