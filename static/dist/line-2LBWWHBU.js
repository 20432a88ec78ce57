location.replace(location.pathname.replace(/\/line$/,""));
