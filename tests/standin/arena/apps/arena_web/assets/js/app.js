console.log("arena")
